# One image for every role: the command chooses (api, consumer, executor, scheduler, migrate …).
FROM python:3.12.12-slim-bookworm AS build

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/payments
WORKDIR /src
COPY requirements.runtime.lock ./
RUN /opt/payments/bin/pip install --require-hashes --only-binary :all: -r requirements.runtime.lock
COPY pyproject.toml ./
# The package needs no build step: its folders are copied, its command is one line.
COPY payments /opt/payments/app/payments
COPY payments_tools/__init__.py /opt/payments/app/payments_tools/
COPY payments_tools/simulator /opt/payments/app/payments_tools/simulator
COPY payments_tools/demo /opt/payments/app/payments_tools/demo
COPY payments_tools/commands/__init__.py payments_tools/commands/simulator.py payments_tools/commands/seed.py /opt/payments/app/payments_tools/commands/
COPY streams /opt/payments/app/streams
COPY scheduler /opt/payments/app/scheduler
COPY migrations /opt/payments/app/migrations
RUN printf '#!/bin/sh\nexec /opt/payments/bin/python -m payments "$@"\n' > /opt/payments/bin/payments \
    && chmod 0755 /opt/payments/bin/payments \
    && /opt/payments/bin/python -m compileall -q /opt/payments/app

FROM python:3.12.12-slim-bookworm

RUN useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin payments
COPY --from=build /opt/payments /opt/payments
ENV PATH=/opt/payments/bin:$PATH \
    PYTHONPATH=/opt/payments/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PAYMENTS_ENV=production
WORKDIR /opt/payments/app
USER 10001
EXPOSE 8000
STOPSIGNAL SIGTERM
ENTRYPOINT ["payments"]
CMD ["api", "--host", "0.0.0.0", "--port", "8000"]
