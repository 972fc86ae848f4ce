using System.Net;
using BitFaster.Caching.Lru;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Quotas;
using RateLimiter.Domain;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Keys;

/// <summary>
/// Limits how often each caller's network may send an invalid key: separately for keys that are rejected from memory and for
/// keys that cost a lookup in the store. Callers that share an address with a misconfigured caller therefore still get lookups.
/// </summary>
public sealed class FailedAuthentications(
    IOptions<AuthenticationOptions> options,
    TimeProvider time
)
{
    /// <summary>How long it is remembered that a client does not exist, so that its key costs no further lookup.</summary>
    internal static readonly TimeSpan UnknownClientAge = TimeSpan.FromSeconds(10);

    /// <summary>The most such clients that are remembered, at about 150 bytes each.</summary>
    private const int MaxUnknownClients = 10_000;

    private readonly InstanceLimit refusalsOf = NewLimit(options.Value, time);
    private readonly InstanceLimit questionsOf = NewLimit(options.Value, time);
    private readonly ConcurrentLru<ClientId, long> unknownClients = new(MaxUnknownClients);

    /// <summary>Counts a key that was rejected without the store.</summary>
    /// <returns>How long the caller has to wait when there were too many earlier ones; else null.</returns>
    public TimeSpan? AddRefusal(IPAddress caller) => refusalsOf.Acquire(CallerNetwork.Of(caller));

    /// <summary>Counts a lookup in the store, which may turn out to be for an invalid key.</summary>
    /// <returns>How long the caller has to wait when there were too many earlier ones; else null.</returns>
    public TimeSpan? AddQuestion(IPAddress caller) => questionsOf.Acquire(CallerNetwork.Of(caller));

    /// <summary>Uncounts a lookup, because the key was valid or the store did not answer.</summary>
    public void RemoveQuestion(IPAddress caller) => questionsOf.Refund(CallerNetwork.Of(caller));

    /// <summary>Whether the store recently reported that there is no such client.</summary>
    public bool IsUnknownClient(ClientId client) =>
        unknownClients.TryGet(client, out var since)
        && time.GetElapsedTime(since) < UnknownClientAge;

    /// <summary>Remembers that the store reported no such client.</summary>
    public void AddUnknownClient(ClientId client) =>
        unknownClients.AddOrUpdate(client, time.GetTimestamp());

    private static InstanceLimit NewLimit(AuthenticationOptions options, TimeProvider time) =>
        new(
            RateLimit.Create(
                Limit.DefaultName,
                Algorithm.FixedWindow,
                options.FailureLimit,
                TimeSpan.FromSeconds(options.FailureWindowSeconds)
            ),
            time
        );
}
