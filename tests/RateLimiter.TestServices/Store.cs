namespace RateLimiter.TestServices;

/// <summary>The kinds of stores.</summary>
public enum Store
{
    /// <summary>The embedded store in the service's own process.</summary>
    Embedded,

    /// <summary>A real redis-server.</summary>
    Redis,

    /// <summary>A real redis-server, and a real PostgreSQL as the system of record.</summary>
    Postgres,
}
