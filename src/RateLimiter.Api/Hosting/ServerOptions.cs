using RateLimiter.Application.Configuration;

namespace RateLimiter.Api.Hosting;

/// <summary>
/// The server resources that <see href="docs/production.md#limits-of-one-caller">one caller can use</see>: limits of
/// connections, headers and slow senders. The maximum size of a body depends on the operation.
/// </summary>
public sealed class ServerOptions
{
    public const string Section = "Server";

    /// <summary>Concurrent connections; further ones are closed immediately.</summary>
    [Bounds(1, 1_000_000)]
    public int MaxConnections { get; set; } = 10_000;

    /// <summary>Timeout for the headers of a request, in seconds.</summary>
    [Bounds(1, 600)]
    public int HeadersTimeoutSeconds { get; set; } = 10;

    /// <summary>How long a connection may be idle, in seconds.</summary>
    [Bounds(1, 3600)]
    public int KeepAliveSeconds { get; set; } = 130;

    /// <summary>Total size of the headers of a request, in bytes.</summary>
    [Bounds(1024, 1024 * 1024)]
    public int MaxHeaderBytes { get; set; } = 16 * 1024;

    /// <summary>Number of headers of a request.</summary>
    [Bounds(16, 1000)]
    public int MaxHeaders { get; set; } = 64;

    /// <summary>Minimum rate at which a body is sent and a response is read, in bytes per second.</summary>
    [Bounds(1, 1_000_000)]
    public int MinBytesPerSecond { get; set; } = 240;

    /// <summary>How long a caller may be below <see cref="MinBytesPerSecond"/>, in seconds.</summary>
    [Bounds(2, 600)]
    public int SlowSeconds { get; set; } = 5;

    /// <summary>
    /// A port of <c>ASPNETCORE_URLS</c>, of an http address, that speaks <see href="docs/operations.md#behind-a-proxy">HTTP/2
    /// without TLS</see> (h2c) and nothing else, because without TLS the protocol cannot be negotiated; 0 is none.
    /// </summary>
    public int H2cPort { get; set; }
}
