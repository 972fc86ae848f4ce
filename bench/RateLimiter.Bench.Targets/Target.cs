namespace RateLimiter.Bench.Targets;

/// <summary>What users may do on a route, given by all of its limits.</summary>
internal sealed record Rule(string Route, params IReadOnlyList<Limit> Limits)
{
    /// <summary>
    /// The service's decisions while its store is unavailable; null for its default. The peers do not support it.
    /// </summary>
    public string? OnStoreFailure { get; init; }
}

/// <summary>A limit in the service's own terms. The peers support only the fixed window.</summary>
internal sealed record Limit(
    long Permits,
    int WindowSeconds,
    string Algorithm = "fixed_window",
    long? Burst = null
)
{
    /// <summary>The subjects that have a counter each; null for the users.</summary>
    public IReadOnlyList<string>? Per { get; init; }

    /// <summary>The period, of a limit by the calendar, which has no length of a window; else null.</summary>
    public string? Period { get; init; }
}

/// <summary>A running server that decides checks.</summary>
internal abstract class Target
{
    /// <summary>A key for servers that do not issue any, as long as one of the service.</summary>
    protected const string MadeUpKey =
        "rl_0000000000000000_0000000000000000000000000000000000000000000000000";

    /// <summary>Its name in the tables.</summary>
    public abstract string Name { get; }

    /// <summary>Whether it decides anything, or always returns the same response.</summary>
    public virtual bool Decides => true;

    public required Uri Address { get; init; }

    /// <summary>The server, without its store.</summary>
    public required RunningProcess Server { get; init; }

    /// <summary>Its store; null when there is none, or when it is embedded in the server.</summary>
    public RedisServer? Store { get; init; }

    /// <summary>The API key that its callers send.</summary>
    public string ApiKey { get; protected set; } = MadeUpKey;

    /// <summary>The permits that the users of a load have used on a route, as the target counts them.</summary>
    public abstract Task<long> CountUsedAsync(string route, int users);

    /// <summary>Fails if the target itself has noticed that something went wrong.</summary>
    public virtual void ThrowIfTroubled() { }

    /// <summary>A caller with the API key.</summary>
    /// <param name="apiKey">The key of a client other than the default one.</param>
    public HttpClient CreateClient(string? apiKey = null)
    {
        var client = new HttpClient { BaseAddress = Address };
        client.DefaultRequestHeaders.Add("X-API-Key", apiKey ?? ApiKey);
        return client;
    }
}
