-- Sends the bytes of a file again and again, and reports in JSON. Without a `request` function of its own
-- wrk stays on its fast path and counts by itself how many requests the bytes hold.

function init(arguments)
  local file = assert(io.open(arguments[1], "rb"))
  local bytes = file:read("*a")
  file:close()
  wrk.format = function() return bytes end
  local many = tonumber(arguments[2])
  if many then
    local before, after = bytes:match("^(.-)NUMBER(.*)$")
    local number = 0
    function request()
      number = (number + 1) % many
      return before .. number .. after
    end
  end
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format(
    '{"requests": %d, "seconds": %f, "p50_us": %d, "p99_us": %d, "errors": '
      .. '{"connect": %d, "read": %d, "write": %d, "status": %d, "timeout": %d}}',
    summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
    errors.connect, errors.read, errors.write, errors.status, errors.timeout))
end
