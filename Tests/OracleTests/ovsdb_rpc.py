"""A client of the database protocol that does nothing by itself."""

import json
import socket
import time


class Connection:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.text = ""
        self.decoder = json.JSONDecoder()
        self.number = 0

    def close(self):
        self.socket.close()

    def send(self, value):
        self.socket.sendall(json.dumps(value).encode())

    def receive(self, seconds=10):
        """The next message; None if the server has closed the connection."""
        deadline = time.monotonic() + seconds
        while True:
            self.text = self.text.lstrip()
            if self.text:
                try:
                    value, end = self.decoder.raw_decode(self.text)
                    self.text = self.text[end:]
                    return value
                except ValueError:
                    pass
            self.socket.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                piece = self.socket.recv(1 << 20)
            except ConnectionError:
                piece = b""
            if not piece:
                return None
            self.text += piece.decode()

    def request(self, method, params, id=None):
        """Sends a request; gives all messages up to and with its reply."""
        self.number += 1
        id = self.number if id is None else id
        self.send({"method": method, "params": params, "id": id})
        messages = []
        while True:
            message = self.receive()
            messages.append(message)
            if message is None or (message.get("id") == id and "method" not in message):
                return messages

    def transact(self, database, *operations):
        return self.request("transact", [database] + list(operations))[-1]["result"]
