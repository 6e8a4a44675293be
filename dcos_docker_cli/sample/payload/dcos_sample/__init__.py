"""The services of a sample cluster's nodes: stand-ins that speak real HTTP, and not DC/OS.

masters                                    agents
exhibitor      :8181  who leads; the store  mesos_agent     :5051   registers with every master
mesos_master   :5050  the agents            diagnostics     :1050   localhost only
marathon       :8080  keeps apps            adminrouter_agent :61001
metronome      :9000  keeps jobs
iam            :8101  users, localhost only
diagnostics    :1050  health of all units
adminrouter    :80    the way in

They run nothing that a user posts, and hold no quorum.
"""
