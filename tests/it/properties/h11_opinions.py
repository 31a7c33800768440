"""Reports how h11 reads connections: one line of hexadecimal bytes in, one line of JSON out."""
import json
import sys

import h11


def opinion(data):
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=20000)
    connection.receive_data(data)
    connection.receive_data(b"")
    served, content, request = [], b"", None
    try:
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Request):
                request, content = event, b""
            elif isinstance(event, h11.Data):
                content += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                served.append([request.method.hex(), request.target.hex(), content.hex()])
                response = h11.Response(status_code=404, headers=[("Content-Length", "0")])
                connection.send(response)
                connection.send(h11.EndOfMessage())
                if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
                    return {"served": served, "complaint": None}
                connection.start_next_cycle()
            else:
                return {"served": served, "complaint": None}
    except h11.RemoteProtocolError as error:
        return {"served": served, "complaint": str(error)}
    except h11.LocalProtocolError as error:
        return {"served": served, "complaint": "to answer: " + str(error)}


for line in sys.stdin:
    print(json.dumps(opinion(bytes.fromhex(line.strip()))))
