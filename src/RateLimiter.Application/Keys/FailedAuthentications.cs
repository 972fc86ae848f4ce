using System.Net;
using BitFaster.Caching.Lru;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Quotas;
using RateLimiter.Domain;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Keys;

/// <summary>
/// Limits how often each caller's network may come with a key that is none: those that are refused from memory, and apart from
/// them those that cost the store a question. Whoever shares an address with a broken caller is asked for all the same.
/// </summary>
public sealed class FailedAuthentications(
    IOptions<AuthenticationOptions> options,
    TimeProvider time
)
{
    /// <summary>How long it is remembered that a client is none: who comes with its key again costs no question.</summary>
    internal static readonly TimeSpan StrangerAge = TimeSpan.FromSeconds(10);

    /// <summary>The most of them, at about 150 bytes each.</summary>
    private const int MaxStrangers = 10_000;

    private readonly InstanceLimit refusalsOf = NewLimit(options.Value, time);
    private readonly InstanceLimit questionsOf = NewLimit(options.Value, time);
    private readonly ConcurrentLru<ClientId, long> strangers = new(MaxStrangers);

    /// <summary>Counts a key that was refused without the store.</summary>
    /// <returns>How long the caller has to wait, when there were too many before it; else null.</returns>
    public TimeSpan? AddRefusal(IPAddress caller) => refusalsOf.Acquire(CallerNetwork.Of(caller));

    /// <summary>Counts a question to the store, which may turn out to be about a key that is none.</summary>
    /// <returns>How long the caller has to wait, when there were too many before it; else null.</returns>
    public TimeSpan? AddQuestion(IPAddress caller) => questionsOf.Acquire(CallerNetwork.Of(caller));

    /// <summary>The key was good, or the store did not answer.</summary>
    public void RemoveQuestion(IPAddress caller) => questionsOf.Refund(CallerNetwork.Of(caller));

    /// <summary>Whether the store has just said that there is no such client.</summary>
    public bool IsStranger(ClientId client) =>
        strangers.TryGet(client, out var since) && time.GetElapsedTime(since) < StrangerAge;

    /// <summary>The store said that there is no such client.</summary>
    public void AddStranger(ClientId client) => strangers.AddOrUpdate(client, time.GetTimestamp());

    private static InstanceLimit NewLimit(AuthenticationOptions options, TimeProvider time) =>
        new(
            new Limit(
                Limit.DefaultName,
                Algorithm.FixedWindow,
                options.FailureLimit,
                TimeSpan.FromSeconds(options.FailureWindowSeconds)
            ),
            time
        );
}
