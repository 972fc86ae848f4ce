using RateLimiter.Application.Configuration;

namespace RateLimiter.Api.Hosting;

/// <summary>
/// What one caller can take of the server: the limits of connections, headers and slow senders. The greatest body stands
/// with the operations.
/// </summary>
public sealed class ServerOptions
{
    public const string Section = "Server";

    /// <summary>Connections at the same time; more are closed at once. 1 to 1,000,000, default 10,000.</summary>
    [Bounds(1, 1_000_000)]
    public int MaxConnections { get; set; } = 10_000;

    /// <summary>How long the headers of a request may take to come, in seconds; 1 to 600, default 10.</summary>
    [Bounds(1, 600)]
    public int HeadersTimeoutSeconds { get; set; } = 10;

    /// <summary>How long a connection may be idle, in seconds; 1 to 3600, default 130.</summary>
    [Bounds(1, 3600)]
    public int KeepAliveSeconds { get; set; } = 130;

    /// <summary>All headers of a request together, in bytes; 1,024 to 1,048,576, default 16,384.</summary>
    [Bounds(1024, 1024 * 1024)]
    public int MaxHeaderBytes { get; set; } = 16 * 1024;

    /// <summary>How many headers a request may have; 16 to 1000, default 64.</summary>
    [Bounds(16, 1000)]
    public int MaxHeaders { get; set; } = 64;

    /// <summary>
    /// How many bytes a second a body must come with, and an answer be taken with; 1 to 1,000,000, default 240.
    /// </summary>
    [Bounds(1, 1_000_000)]
    public int MinBytesPerSecond { get; set; } = 240;

    /// <summary>
    /// The port of an http address that speaks HTTP/2 without TLS (h2c), and nothing else; default 0, none. There is no way to
    /// find out there what a caller speaks.
    /// </summary>
    public int H2cPort { get; set; }

    /// <summary>How long one may be slower than that, in seconds; 2 to 600, default 5.</summary>
    [Bounds(2, 600)]
    public int SlowSeconds { get; set; } = 5;
}
