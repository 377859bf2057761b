"""Payments that a bank reports for organizations; each is credited once.

Payments to an unknown organization stay in suspense until it is added or assigned.
"""
