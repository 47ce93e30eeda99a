# mailbot in a container: slim, not root, from the hashed lock. tests/test_packaging.py runs these steps in an empty
# environment, with every folder named in ENV moved below a temporary one; so name folders in ENV, and use them from there.
#
#   docker build -t mailbot .
#   docker run -v mailbot-data:/data -v ./mailbot.toml:/etc/mailbot.toml:ro -p 127.0.0.1:8025:8025 mailbot
#
# A mailbot.toml for it has  [smtp] listen = "0.0.0.0:8025"  and  [store] folder = "/data".

FROM python:3.13-slim AS build
ENV BUILD=/build PIP_NO_COMPILE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
COPY requirements/build.txt requirements/build.txt
RUN python -m venv "$BUILD" && "$BUILD/bin/pip" install --require-hashes -r requirements/build.txt
COPY pyproject.toml README.md LICENSE config.example.toml ./
COPY templates templates
COPY mailbot mailbot
RUN "$BUILD/bin/pip" wheel --no-deps --no-build-isolation --wheel-dir dist .

FROM python:3.13-slim
ENV HOME_OF_MAILBOT=/opt/mailbot DATA=/data CONFIG=/etc/mailbot.toml PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
ENV PATH=/opt/mailbot/bin:$PATH
WORKDIR /install
COPY requirements/run.txt run.txt
RUN python -m venv "$HOME_OF_MAILBOT" && pip install --require-hashes -r run.txt
COPY --from=build /src/dist dist
RUN pip install --no-deps --no-index dist/*.whl
# The configuration of a container that was given none: it listens for the other containers, records, and sends nothing.
RUN printf '[smtp]\nlisten = "0.0.0.0:8025"\n\n[store]\nfolder = "%s"\n\n[smarthost]\nhost = ""\n' "$DATA" > "$CONFIG"
ARG OWNER=10001
RUN install -d -o "$OWNER" "$DATA"
WORKDIR /data
USER 10001
VOLUME /data
EXPOSE 8025
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
  CMD ["python", "-c", "import smtplib; smtplib.SMTP('127.0.0.1', 8025, timeout=4).quit()"]
ENTRYPOINT ["mailbot"]
CMD ["run", "--config", "/etc/mailbot.toml"]
