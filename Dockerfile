FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source

# Packages change less often than code: their layer is kept while the project files stay the same.
COPY global.json Directory.Build.props Directory.Packages.props BannedSymbols.txt .editorconfig ./
COPY src/RateLimiter.Domain/*.csproj src/RateLimiter.Domain/
COPY src/RateLimiter.Application/*.csproj src/RateLimiter.Application/
COPY src/RateLimiter.Dashboard/*.csproj src/RateLimiter.Dashboard/
COPY src/RateLimiter.Infrastructure/*.csproj src/RateLimiter.Infrastructure/
COPY src/RateLimiter.Api/*.csproj src/RateLimiter.Api/
RUN dotnet restore src/RateLimiter.Api --use-current-runtime -p:PublishReadyToRun=true

COPY src/ src/
# The history, which else says what version it is, is not here: docker build --build-arg VERSION=1.2.3
ARG VERSION=
RUN dotnet publish src/RateLimiter.Api --no-restore --use-current-runtime -p:PublishReadyToRun=true \
    ${VERSION:+-p:MinVerVersionOverride=$VERSION} -c Release -o /app

FROM mcr.microsoft.com/dotnet/aspnet:10.0
WORKDIR /app
COPY --from=build /app .

# A volume takes over the owner of the folder that it is mounted on for the first time.
RUN mkdir /data && chown "$APP_UID:$APP_UID" /data
VOLUME /data
USER $APP_UID

# The image sets ASPNETCORE_HTTP_PORTS to 8080; only one of the two may be set.
# Without diagnostics, whose pipe lets whoever runs as the same user read the memory.
ENV ASPNETCORE_HTTP_PORTS= \
    DOTNET_EnableDiagnostics=0 \
    ASPNETCORE_URLS=http://+:8000 \
    Embedded__DataDirectory=/data
EXPOSE 8000

# The image has no curl, but its bash can open a connection.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8000 && printf 'GET /health/ready HTTP/1.0\\r\\n\\r\\n' >&3 && read -r _ status _ <&3 && [ \"$status\" = 200 ]"]

ENTRYPOINT ["dotnet", "RateLimiter.Api.dll"]
