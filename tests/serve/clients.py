#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What clients may do to the server of `serve`, each in a way that no client should.

	clients.py PORT slow	reads an answer a little at a time: it is whole
	clients.py PORT never	asks, and never reads
	clients.py PORT headers	sends headers without end: told 431, or closed
	clients.py PORT trickle	a byte of a request now and then: closed after some ten seconds
	clients.py PORT many N [S]	N connections that stay open, or as many as there may be; then
				a scrape; held for S seconds more
	clients.py PORT junk	what is no HTTP, requests that are odd, and bodies that are announced
"""
import resource
import socket
import sys
import time

PORT = int(sys.argv[1])
GET = b'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'


def connect(receive=None):
    s = socket.socket()
    if receive:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
    s.settimeout(60)
    s.connect(('127.0.0.1', PORT))
    return s


def rest(s):
    """All until the connection ends."""
    answer = b''
    try:
        while chunk := s.recv(65536):
            answer += chunk
    except ConnectionResetError:
        pass
    return answer


def is_whole(answer):
    head, body = answer.split(b'\r\n\r\n', 1)
    assert head.startswith(b'HTTP/1.1 200 '), head
    return len(body) == int(head.split(b'Content-Length: ')[1].split(b'\r\n')[0])


def scrape():
    s = connect()
    s.sendall(GET)
    answer = rest(s)
    assert is_whole(answer), f'{len(answer)} bytes'
    return answer


def slow():
    s = connect(4096)
    s.sendall(GET)
    parts = []
    while chunk := s.recv(16384):
        parts.append(chunk)
        time.sleep(0.001)
        if len(parts) in (10, 40):
            scrape()  # meanwhile others are answered
    assert is_whole(b''.join(parts))


def never():
    """So many, through several intervals, that the answers of the first ones are not kept."""
    held = []
    for _ in range(30):
        s = connect(4096)
        s.sendall(GET)
        held.append(s)
        before = scrape()
        deadline = time.monotonic() + 60
        while scrape() == before and time.monotonic() < deadline:
            time.sleep(0.02)
    answers = [rest(s) for s in held]
    assert len(answers[0]) < len(before), 'all of its answer fits into a socket'
    assert not is_whole(answers[0]), 'the first one is kept'
    assert is_whole(answers[-1]), 'the last one is not kept'


def headers():
    s = connect()
    sent = 0
    try:
        s.sendall(b'GET /metrics HTTP/1.1\r\n')
        while sent < 1 << 30:
            s.sendall(b'X-%d: ' % sent + b'y' * 65536 + b'\r\n')
            sent += 65536
    except (BrokenPipeError, ConnectionResetError):
        pass
    assert sent < 1 << 24, f'{sent} bytes of headers were taken'
    scrape()


def trickle():
    s = connect()
    began = time.monotonic()
    try:
        for i in range(600):
            s.sendall(GET[i % 8:][:1])
            time.sleep(0.1)
            scrape() if i % 10 == 0 else None
    except (BrokenPipeError, ConnectionResetError):
        pass
    assert time.monotonic() - began < 50, 'a request may take for ever'


def many(n, hold_s=0):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    n = min(n, hard - 100)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, n + 50), hard))
    held = []
    for i in range(n):
        held.append(connect())
        if i % 1000 == 500:
            scrape()  # while all of these are open
    scrape()
    if hold_s:
        print('held', flush=True)
        time.sleep(hold_s)


def junk():
    for bytes_ in (b'\0' * 100, b'\r\n' * 3000, b'GET\r\n\r\n', b'\xff\xfe\r\n\r\n', b'GET / HTTP/9.9\r\n\r\n',
                   b'GET ' + b'/' * 100000 + b' HTTP/1.1\r\n\r\n', b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
                   b'GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000000\r\n\r\n' + b'x' * 9999,
                   b'POST /metrics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
                   b'GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: ' + b';,=q"' * 500 + b'\r\n\r\n',
                   b'GET /metrics HTTP/1.0\r\n\r\n', GET * 50):
        s = connect()
        try:
            s.sendall(bytes_)
            s.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError, OSError):
            pass
        answer = rest(s)
        assert not answer or answer.startswith(b'HTTP/1.'), answer[:100]
        scrape()


if __name__ == '__main__':
    {f.__name__: f for f in (slow, never, headers, trickle, many, junk)}[sys.argv[2]](
        *map(int, sys.argv[3:]))
