"""The router of an export: the files of one Envoy that counts open requests by group.

A front listener finds the model in a request's body and sends it to the group with the fewest open
requests of those that hold the model; the group's own listener, inside the same process, hands it
to the engine. Written for Envoy 1.40.
"""
