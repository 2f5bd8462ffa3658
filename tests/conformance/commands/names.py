"""A name server that knows where a few documentation networks come from, by datagram and by stream."""
import socket, struct, threading

TEXTS = {
    "7.2.0.192": ["64496 | 192.0.2.0/24 | DE | ripencc | 2001-01-01"],
    "8.2.0.192": ["64497 | 192.0.2.0/24 | FR | ripencc | 2001-01-01", "64496 | 192.0.2.0/25 | DE | arin | 2001-01-01"],
    "10.2.0.192": ["%d | 192.0.2.0/24 | CH | apnic | 2001-01-01" % number for number in range(64500, 64520)],
    "11.2.0.192": ["64498 | 192.0.2.0/24 |  |  | "],
    "13.2.0.192": ["64498 | 192.0.2.0/24 | DE"],
    ".".join("2001:0db8:0000:0000:0000:0000:0000:0007".replace(":", "")[::-1]): ["64499 | 2001:db8::/32 | NL | lacnic | "],
}
LARGE, FAILING = "10.2.0.192", "12.2.0.192"


def answer(query, datagram):
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode())
        at += 1 + query[at]
    question = query[12:at + 5]
    name = ".".join(labels).lower()
    head = name.removesuffix(".origin.asn.cymru.com").removesuffix(".origin6.asn.cymru.com")
    texts, flags = TEXTS.get(head, []), 0x8180
    if head == FAILING:
        flags |= 2
    elif not texts:
        flags |= 3
    if head == LARGE and datagram:
        texts, flags = [], flags | 0x0200
    records = b"".join(
        b"\xc0\x0c" + struct.pack("!HHIH", 16, 1, 60, len(text) + 1) + bytes([len(text)]) + text.encode() for text in texts
    )
    return query[:2] + struct.pack("!HHHHH", flags, 1, len(texts), 0, 0) + question + records


def streams(listener):
    while True:
        stream, _ = listener.accept()
        with stream:
            length, = struct.unpack("!H", stream.recv(2))
            reply = answer(stream.recv(length), False)
            stream.sendall(struct.pack("!H", len(reply)) + reply)


listener = socket.create_server(("127.0.0.1", 53))
threading.Thread(target=streams, args=(listener,), daemon=True).start()
datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
datagrams.bind(("127.0.0.1", 53))
while True:
    query, whom = datagrams.recvfrom(4096)
    datagrams.sendto(answer(query, True), whom)
