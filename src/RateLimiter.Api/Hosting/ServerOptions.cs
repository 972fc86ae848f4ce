using RateLimiter.Application.Configuration;

namespace RateLimiter.Api.Hosting;

/// <summary>
/// The server resources that one caller can use: limits of connections, headers and slow senders. The maximum body sizes are
/// set on the operations.
/// </summary>
public sealed class ServerOptions
{
    public const string Section = "Server";

    /// <summary>Concurrent connections; further ones are closed immediately. Default 10,000.</summary>
    [Bounds(1, 1_000_000)]
    public int MaxConnections { get; set; } = 10_000;

    /// <summary>Timeout for the headers of a request, in seconds; default 10.</summary>
    [Bounds(1, 600)]
    public int HeadersTimeoutSeconds { get; set; } = 10;

    /// <summary>How long a connection may be idle, in seconds; default 130.</summary>
    [Bounds(1, 3600)]
    public int KeepAliveSeconds { get; set; } = 130;

    /// <summary>Total size of the headers of a request, in bytes; default 16,384.</summary>
    [Bounds(1024, 1024 * 1024)]
    public int MaxHeaderBytes { get; set; } = 16 * 1024;

    /// <summary>Number of headers of a request; default 64.</summary>
    [Bounds(16, 1000)]
    public int MaxHeaders { get; set; } = 64;

    /// <summary>
    /// Minimum rate at which a body is sent and a response is read, in bytes per second; default 240.
    /// </summary>
    [Bounds(1, 1_000_000)]
    public int MinBytesPerSecond { get; set; } = 240;

    /// <summary>
    /// The port of an http address that serves HTTP/2 without TLS (h2c), and nothing else; default 0, none. Without TLS the
    /// protocol cannot be negotiated.
    /// </summary>
    public int H2cPort { get; set; }

    /// <summary>How long a caller may be below <see cref="MinBytesPerSecond"/>, in seconds; default 5.</summary>
    [Bounds(2, 600)]
    public int SlowSeconds { get; set; } = 5;
}
