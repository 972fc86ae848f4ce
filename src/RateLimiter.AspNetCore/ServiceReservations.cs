using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;
using RateLimiting.Client;

namespace RateLimiting.AspNetCore;

/// <summary>
/// Settles reservations while no caller waits. Settlements never throw: what is not settled expires by itself, and the client
/// logs outages.
/// </summary>
internal static class ServiceReservations
{
    private const int MaxSlots = 1000;

    private static readonly TimeSpan MinTimeToLive = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxTimeToLive = TimeSpan.FromHours(1);

    /// <summary>Returns the options if the service accepts them.</summary>
    /// <exception cref="ArgumentException">The service does not accept them.</exception>
    public static RateLimitReservationOptions? Checked(
        RateLimitReservationOptions? options,
        [CallerArgumentExpression(nameof(options))] string? parameter = null
    ) =>
        options is null
        || (
            options.Slots is >= 1 and <= MaxSlots
            && options.TimeToLive >= MinTimeToLive
            && options.TimeToLive <= MaxTimeToLive
            && options.TimeToLive.Ticks % TimeSpan.TicksPerSecond == 0
        )
            ? options
            : throw new ArgumentException(
                "must have 1 to 1000 slots, and a time to live of 1 second to 1 hour, in whole seconds",
                parameter
            );

    /// <summary>Charges what was granted, which frees the slots. If that fails, gives everything back.</summary>
    public static Task CommitAsync(RateLimitReservation reservation) =>
        SettleAsync(async () =>
        {
            await using (reservation.ConfigureAwait(false))
            {
                await reservation.CommitAsync(reservation.Decision.Granted).ConfigureAwait(false);
            }
        });

    /// <summary>Gives back what a caller that has gone asked for, when the decision arrives.</summary>
    public static Task ReleaseAsync(Task<RateLimitReservation> reserving) =>
        SettleAsync(async () =>
            await (await reserving.ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false)
        );

    /// <summary>
    /// Ends the request only after the settlement. So a host that stops waits for it, and the next request of the same HTTP/1.1
    /// connection finds the slot free. The response is already sent.
    /// </summary>
    public static void AwaitAtEndOf(HttpResponse response, RateLimitLease lease)
    {
        if (lease is ServiceLease { IsReserved: true } reserved)
        {
            response.OnCompleted(() => reserved.Settlement);
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "No caller waits for it.")]
    private static async Task SettleAsync(Func<Task> settle)
    {
        try
        {
            await settle().ConfigureAwait(false);
        }
        catch (Exception)
        {
            // Nothing is held, or it expires.
        }
    }
}
