"""What is known of how models fare: who is left alone for a while, and how fast they are.

Nothing here reads a clock: whoever calls tells the time. A time that lies before one that was told
earlier is another clock's, since a model may be used on several event loops, one after the other.
"""
