# The program and everything live on a CPU: docker build -t sonolucent . && docker run --rm sonolucent
FROM python:3.12-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends g++ make && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
RUN .ci/wheel python3.12

FROM python:3.12-slim-bookworm
COPY --from=build /source/dist/*.whl /tmp/
# fftw brings FFTW under the GPL; leave it out where that may not be.
RUN pip install --no-cache-dir "$(ls /tmp/*.whl)[fftw,formats,dicom]" && rm /tmp/*.whl
RUN useradd --create-home lab
USER lab
WORKDIR /home/lab
# Kernels are compiled for the processor that this is built on; another compiles its own at the first start.
RUN sonolucent warmup
# 8080: the viewer, which listens on loopback alone: run with --network host to look at it.
ENTRYPOINT ["sonolucent"]
CMD ["demo", "--headless", "--frames", "100"]
