namespace RateLimiter.EndToEndTests;

/// <summary>What a service keeps its data in.</summary>
public enum Store
{
    /// <summary>The one inside the service's own process.</summary>
    Embedded,

    /// <summary>A real redis-server.</summary>
    Redis,

    /// <summary>A real redis-server, and a real PostgreSQL for what must last.</summary>
    Postgres,
}
