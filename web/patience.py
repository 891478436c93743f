"""How long one process waits for the other end of a connection, in seconds; tables, no code."""

# From the first byte of a connection to the end of its first head. Behind an answer a connection
# has gunicorn's `keepalive` seconds to send its next head whole.
HEAD_SECONDS = 10.0

# A body is taken in steps that grow. Each has its time, so that a byte a second ends soon and a bad
# line does not.
STEP_SECONDS = 15.0
LEAST_BYTES_A_SECOND = 16 * 1024
BODY_SECONDS = 300.0  # all steps together

# A reader may take so long over each piece of an answer; the kernel holds some 200 KB for it.
SEND_SECONDS = 60.0

# How much of a refused body is still taken, so that its sender can read why: most clients send
# everything before they look at the answer.
DRAIN_SECONDS = 5.0

# How long somebody over the limit of connections is listened to, so that it reads why.
LINGER_SECONDS = 0.5
