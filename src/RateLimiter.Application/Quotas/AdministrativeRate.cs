using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.Extensions.Options;
using RateLimiter.Domain;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Quotas;

/// <summary>
/// Limits the administrative calls (all calls except checks) of a client and of a caller's network: such a call is rare, but
/// costs the store many times as much as a check.
/// </summary>
public sealed class AdministrativeRate(IOptions<QuotaOptions> options, TimeProvider time)
{
    private static readonly KeyValuePair<string, object?> ByClient = new("limit", "client");
    private static readonly KeyValuePair<string, object?> ByAddress = new("limit", "address");

    private readonly InstanceLimit? clients = Create(options.Value, time);
    private readonly InstanceLimit? addresses = Create(options.Value, time);
    private long refusedClients;
    private long refusedAddresses;

    /// <summary>Counts a call if neither limit rejects it.</summary>
    /// <param name="client">The client whose key the call has; null where no key is needed.</param>
    /// <param name="caller">The address of the caller.</param>
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
            // The call is rejected: it must not use up the permits of the client's other addresses.
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
                RateLimit.Create(
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

/// <summary>A call that was rejected because of too many earlier ones.</summary>
/// <param name="Reason">Which limit was exceeded.</param>
/// <param name="RetryAfter">How long to wait before retrying.</param>
public readonly record struct RefusedCall(string Reason, TimeSpan RetryAfter);
