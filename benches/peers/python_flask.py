"""The Flask application that the servers of python.py host."""

from flask import Flask, jsonify

application = Flask(__name__)


@application.get("/")
def index():
    return jsonify(message="hello", numbers=[1, 2, 3])
