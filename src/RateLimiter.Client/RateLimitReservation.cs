using RateLimiting.Client.Generated;

namespace RateLimiting.Client;

/// <summary>How permits are held until they are settled.</summary>
public sealed record RateLimitReservationOptions
{
    /// <summary>
    /// After how long the permits come back by themselves when the process dies: 1 second to 1 hour, in whole seconds.
    /// </summary>
    public TimeSpan TimeToLive { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Whether it is held for longer as long as it is not disposed of. It is extended after a third of its time to live, in one request
    /// for all reservations of the process.
    /// </summary>
    public bool AutoExtend { get; init; } = true;

    /// <summary>The slots that it takes of limits on reservations which are open at once, 1 to 1000.</summary>
    public int Slots { get; init; } = 1;

    /// <summary>What becomes of the permits when nobody settles it in time; null for what the policy says.</summary>
    public ExpiryAction? OnExpiry { get; init; }

    internal ReserveRequest ToRequest(RateLimitCheck check) =>
        new()
        {
            UserId = check.UserId,
            RouteKey = check.RouteKey,
            Role = check.Role,
            Cost = check.Cost,
            MinCost = check.MinCost,
            Subjects = check.Subjects?.ToDictionary(),
            TtlSeconds = (int)TimeToLive.TotalSeconds,
            Slots = Slots,
            OnExpiry = OnExpiry,
        };
}

/// <summary>
/// Permits that are held until their true cost is known. Dispose of it in every case: without a last commit, that gives them back.
/// </summary>
public sealed class RateLimitReservation : IAsyncDisposable
{
    private readonly RateLimiterApi api;
    private readonly ReservationKeeper keeper;
    private readonly CancellationTokenSource lost = new();
    private bool isSettled;

    internal RateLimitReservation(
        RateLimiterApi api,
        ReservationKeeper keeper,
        RateLimitDecision decision,
        string? id,
        RateLimitReservationOptions options,
        long asked
    )
    {
        this.api = api;
        this.keeper = keeper;
        Decision = decision;
        Id = id;
        TimeToLive = options.TimeToLive;
        Lost = lost.Token;
        isSettled = id is null;
        if (id is not null && options.AutoExtend)
        {
            keeper.Keep(this, asked);
        }
    }

    /// <summary>The decision. When it is a denial, nothing is held.</summary>
    public RateLimitDecision Decision { get; }

    /// <summary>The id; null when denied.</summary>
    public string? Id { get; }

    /// <summary>Cancelled when the reservation has expired or was settled elsewhere while it was being extended.</summary>
    public CancellationToken Lost { get; }

    internal TimeSpan TimeToLive { get; }

    /// <summary>Charges what was used. It is safe to repeat.</summary>
    /// <param name="cost">The total so far.</param>
    /// <param name="final">Whether the rest is given back; otherwise it stays held, and more can be committed.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="InvalidOperationException">The reservation was denied.</exception>
    /// <exception cref="RateLimiterApiException">It was settled otherwise before, or is not known any more.</exception>
    public async Task<CommitResponse> CommitAsync(
        long cost,
        bool final = true,
        CancellationToken cancellationToken = default
    )
    {
        if (Id is null)
        {
            throw new InvalidOperationException("The reservation was denied.");
        }

        var answer = await api.CommitReservationAsync(
                Id,
                new CommitRequest { Cost = cost, Final = final },
                cancellationToken
            )
            .ConfigureAwait(false);
        if (final)
        {
            isSettled = true;
            keeper.Drop(this);
        }

        return answer;
    }

    /// <summary>Gives back what is held, unless the last commit was made. Never throws: what is held expires by itself.</summary>
    public async ValueTask DisposeAsync()
    {
        keeper.Drop(this);
        if (!isSettled)
        {
            isSettled = true;
            try
            {
                // Also when the caller's request was cancelled.
                await api.ReleaseReservationAsync(Id!, CancellationToken.None)
                    .ConfigureAwait(false);
            }
            catch (Exception exception)
                when (exception is RateLimiterUnavailableException or RateLimiterApiException)
            {
                // It expires, or was settled elsewhere.
            }
        }

        lost.Dispose();
    }

    internal void Lose()
    {
        keeper.Drop(this);
        try
        {
            lost.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // Nobody waits for it any more.
        }
    }
}
