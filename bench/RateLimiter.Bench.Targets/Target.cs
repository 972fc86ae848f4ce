namespace RateLimiter.Bench.Targets;

/// <summary>What users may do on a route, by all of its limits.</summary>
internal sealed record Rule(string Route, params IReadOnlyList<Limit> Limits)
{
    /// <summary>How the service answers while its store does not; null for its default. The peers do not know it.</summary>
    public string? OnStoreFailure { get; init; }
}

/// <summary>A limit in the service's own terms. The peers know only the fixed window.</summary>
internal sealed record Limit(
    long Permits,
    int WindowSeconds,
    string Algorithm = "fixed_window",
    long? Burst = null
);

/// <summary>A running server that is asked whether users may do something.</summary>
internal abstract class Target
{
    /// <summary>A key where none is given out, as long as one of the service.</summary>
    protected const string MadeUpKey =
        "rl_0000000000000000_0000000000000000000000000000000000000000000000000";

    /// <summary>Its name in the tables.</summary>
    public abstract string Name { get; }

    /// <summary>Whether it decides anything, or always gives the same answer.</summary>
    public virtual bool Decides => true;

    public required Uri Address { get; init; }

    /// <summary>The server, without its store.</summary>
    public required RunningProcess Server { get; init; }

    /// <summary>Its store; null when there is none, or when it is inside the server.</summary>
    public RedisServer? Store { get; init; }

    /// <summary>What its callers send.</summary>
    public string ApiKey { get; protected set; } = MadeUpKey;

    /// <summary>The permits that the users of a load have used on a route, as the target counts them.</summary>
    public abstract Task<long> CountUsedAsync(string route, int users);

    /// <summary>Looks whether the target itself noticed that something went wrong.</summary>
    public virtual void ThrowIfTroubled() { }

    /// <summary>A caller with the API key.</summary>
    /// <param name="apiKey">The key of another client than the usual one.</param>
    public HttpClient CreateClient(string? apiKey = null)
    {
        var client = new HttpClient { BaseAddress = Address };
        client.DefaultRequestHeaders.Add("X-API-Key", apiKey ?? ApiKey);
        return client;
    }
}
