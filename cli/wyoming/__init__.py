"""A Wyoming server in front of the service, for Home Assistant: https://github.com/OHF-Voice/wyoming.

May import `cli.client`.
"""
