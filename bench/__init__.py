"""What is measured, against whom: ``python -m bench`` runs it all and exits 1 where a target is missed.

Ratios hold, absolute figures do not: ours and the peer run in the same run, in turns, and medians are compared. Mails
are made here (``mails``), the same in every run; nothing is taken from the network.
"""
