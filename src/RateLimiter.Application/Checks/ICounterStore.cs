using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Checks;

/// <summary>Whom a counter counts. No two subjects share a counter, whatever characters their names hold.</summary>
/// <param name="Client">The client that asks.</param>
/// <param name="UserId">The user it asks about.</param>
public readonly record struct Subject(ClientId Client, string UserId);

/// <summary>Counts permits, exactly, for all instances together.</summary>
public interface ICounterStore
{
    /// <summary>
    /// Takes <paramref name="cost"/> permits from every limit of the policy, or from none of them. A cost of 0 takes
    /// nothing and tells how things stand.
    /// </summary>
    /// <exception cref="StoreUnavailableException">No answer in time; the permits may have been taken.</exception>
    ValueTask<Decision> TakeAsync(
        Subject subject,
        Policy policy,
        long cost,
        CancellationToken cancellationToken
    );
}
