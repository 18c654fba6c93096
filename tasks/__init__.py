"""Background work: the Celery app, the relay of the outbox, and one module of tasks per domain. Tasks take a job's number and may run twice."""
