using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.Extensions.Options;
using RateLimiter.Domain;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Quotas;

/// <summary>
/// Limits how often a client, and a caller's network, may call for anything but a check: what an administrator does now and
/// then costs the store many times as much as a check.
/// </summary>
public sealed class AdministrativeRate(IOptions<QuotaOptions> options, TimeProvider time)
{
    private static readonly KeyValuePair<string, object?> ByClient = new("limit", "client");
    private static readonly KeyValuePair<string, object?> ByAddress = new("limit", "address");

    private readonly InstanceLimit? clients = Create(options.Value, time);
    private readonly InstanceLimit? addresses = Create(options.Value, time);
    private long refusedClients;
    private long refusedAddresses;

    /// <summary>Counts a call, if neither limit refuses it.</summary>
    /// <param name="client">Whose key it came with; null where no key is needed.</param>
    /// <param name="caller">The address that it came from.</param>
    public RefusedCall? Acquire(ClientId? client, IPAddress caller)
    {
        if (clients is null || addresses is null)
        {
            return null;
        }

        if (client is { } id && clients.Acquire(id.Value) is { } clientWait)
        {
            Interlocked.Increment(ref refusedClients);
            return new RefusedCall("Too many administrative calls of this client.", clientWait);
        }

        if (addresses.Acquire(CallerNetwork.Of(caller)) is not { } wait)
        {
            return null;
        }

        if (client is { } other)
        {
            // The call is not made: another address of the client must not pay for it.
            clients.Refund(other.Value);
        }

        Interlocked.Increment(ref refusedAddresses);
        return new RefusedCall("Too many administrative calls from this address.", wait);
    }

    internal IEnumerable<Measurement<long>> ObserveRefused() =>
        [
            new(Interlocked.Read(ref refusedClients), ByClient),
            new(Interlocked.Read(ref refusedAddresses), ByAddress),
        ];

    private static InstanceLimit? Create(QuotaOptions options, TimeProvider time) =>
        options.AdministrativeCallsPerSecond is > 0 and var calls
            ? new InstanceLimit(
                new Limit(
                    Limit.DefaultName,
                    Algorithm.TokenBucket,
                    calls,
                    TimeSpan.FromSeconds(1),
                    options.AdministrativeBurst
                ),
                time
            )
            : null;
}

/// <summary>A call that is not made, because too many were.</summary>
/// <param name="Reason">Whose were too many.</param>
/// <param name="RetryAfter">How long to wait before retrying.</param>
public readonly record struct RefusedCall(string Reason, TimeSpan RetryAfter);
