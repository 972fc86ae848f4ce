using System.Globalization;

namespace RateLimiter.Bench.Targets;

/// <summary>Starts a target with those rules.</summary>
internal delegate Task<Target> TargetStart(
    IReadOnlyList<Rule> rules,
    CancellationToken cancellationToken
);

/// <summary>A running server that is asked whether users may do something.</summary>
internal abstract class Target(Owned owned) : IAsyncDisposable
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
    public required string ApiKey { get; set; }

    /// <summary>The permits that the users have used on a route, as the target counts them.</summary>
    public abstract Task<long> CountUsedAsync(
        string route,
        int users,
        CancellationToken cancellationToken
    );

    /// <summary>Looks whether the target itself noticed that something went wrong.</summary>
    public virtual void ThrowIfTroubled() { }

    /// <summary>The name of one of the users that <see cref="Load"/> sends.</summary>
    public static string User(int index) =>
        string.Create(CultureInfo.InvariantCulture, $"user-{index}");

    /// <summary>A caller with the API key.</summary>
    /// <param name="apiKey">The key of another client than the usual one.</param>
    public HttpClient CreateClient(string? apiKey = null)
    {
        var client = new HttpClient { BaseAddress = Address };
        client.DefaultRequestHeaders.Add("X-API-Key", apiKey ?? ApiKey);
        return client;
    }

    public ValueTask DisposeAsync() => owned.DisposeAsync();
}
