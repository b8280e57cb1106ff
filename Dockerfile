# The program of this checkout, with the very versions of uv.lock and nothing of the dependency groups.
FROM python:3.11-slim AS build
RUN pip install --no-cache-dir uv==0.13.9
ENV UV_PROJECT_ENVIRONMENT=/opt/thammuu UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
WORKDIR /checkout
COPY pyproject.toml uv.lock ./
RUN uv sync --locked --no-default-groups --no-install-project
COPY README.md LICENSE ./
COPY services services
COPY rules rules
COPY templates templates
COPY examples examples
RUN uv sync --locked --no-default-groups --no-editable

FROM python:3.11-slim
# a new volume takes its owner from the image's folder
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin thammuu && install -d -o 10001 -g 10001 -m 700 /data
COPY --from=build /opt/thammuu /opt/thammuu
ENV PATH=/opt/thammuu/bin:$PATH PYTHONDONTWRITEBYTECODE=1 THAMMUU_DATA=/data
USER 10001:10001
WORKDIR /data
VOLUME /data
ENTRYPOINT ["thammuu"]
CMD ["--help"]
