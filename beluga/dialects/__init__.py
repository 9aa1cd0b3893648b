"""Wire formats: one package each, with the same rooms.

`wire.py` holds what is on the wire, `encode.py` writes requests, `decode.py` reads answers, and
`failures.py` reads refusals. What several formats need stands here.
"""
