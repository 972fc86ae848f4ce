using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Reservations;

namespace RateLimiter.Application.Reservations;

/// <summary>Holds permits until their true cost is known, exactly, for all instances together.</summary>
public interface IReservationStore
{
    /// <summary>
    /// Takes permits if they are available, until they are settled or expire: see <see cref="Decision.ReservationId"/>. Null when
    /// the store does not answer.
    /// </summary>
    /// <param name="plan">The plan, with <see cref="CheckPlan.Reservation"/>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask<Decision?> ReserveAsync(CheckPlan plan, CancellationToken cancellationToken);

    /// <summary>Settles a reservation, or lets it live longer. Safe to repeat.</summary>
    /// <param name="client">The client that settles it.</param>
    /// <param name="id">The id of the reservation.</param>
    /// <param name="settlement">What is done.</param>
    /// <param name="plan">The plan that a check would have now, of which the limits apply; null without a policy.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="StoreUnavailableException">The store does not answer.</exception>
    Task<Settled> SettleAsync(
        ClientId client,
        string id,
        Settlement settlement,
        Func<Check, CheckPlan?> plan,
        CancellationToken cancellationToken
    );

    /// <summary>The open reservations that hold permits of a plan's counters, the first to expire first.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="limit">The most that are listed.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="StoreUnavailableException">The store does not answer.</exception>
    Task<IReadOnlyList<OpenReservation>> ListAsync(
        CheckPlan plan,
        int limit,
        CancellationToken cancellationToken
    );

    /// <summary>What open reservations hold of each counter of a plan.</summary>
    /// <exception cref="StoreUnavailableException">The store does not answer.</exception>
    Task<IReadOnlyList<long>> HeldAsync(CheckPlan plan, CancellationToken cancellationToken);
}
