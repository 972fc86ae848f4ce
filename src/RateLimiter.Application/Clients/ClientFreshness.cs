namespace RateLimiter.Application.Clients;

/// <summary>
/// Judges by the invalidation channel and by the clock whether cached data of a client may be used as it is.
/// </summary>
internal sealed class ClientFreshness
{
    /// <summary>
    /// As <see cref="ClientDirectory.MaxAge"/>, while the subscription is healthy: for changes that were written to the store
    /// by something other than an instance.
    /// </summary>
    internal static readonly TimeSpan SubscribedMaxAge = TimeSpan.FromMinutes(1);

    private readonly IClientChanges changes;
    private readonly TimeProvider time;
    private long lastLoss = long.MinValue;
    private long woken = long.MinValue;

    public ClientFreshness(IClientChanges changes, TimeProvider time)
    {
        this.changes = changes;
        this.time = time;
        // Data that was requested earlier may be older than the lost messages.
        changes.MessagesLost += () => Interlocked.Exchange(ref lastLoss, time.GetTimestamp());
        changes.Woken += () => Interlocked.Exchange(ref woken, time.GetTimestamp());
    }

    /// <summary>Whether this instance was suspended until a moment ago, so that it may have missed changes.</summary>
    public bool HasJustWoken =>
        Interlocked.Read(ref woken) is var at and not long.MinValue
        && time.GetElapsedTime(at) < ClientDirectory.MaxAge;

    /// <summary>When invalidation messages were last lost, by the clock's timestamp.</summary>
    public long LastLoss => Interlocked.Read(ref lastLoss);

    public ClientAge AgeOf(ClientEntry entry)
    {
        // Must come first: it detects lost messages.
        var maxAge = changes.IsSubscribed ? SubscribedMaxAge : ClientDirectory.MaxAge;
        var confirmed = entry.Confirmed;
        if (confirmed <= LastLoss)
        {
            return ClientAge.Old;
        }

        var age = time.GetElapsedTime(confirmed);
        return age < maxAge / 2 ? ClientAge.Young
            : age < maxAge ? ClientAge.Ripe
            : ClientAge.Old;
    }
}

/// <summary>The age of cached data, by what has to be done before it is used.</summary>
internal enum ClientAge
{
    Young,

    /// <summary>Used, and compared in the background, so that active clients never wait for the comparison.</summary>
    Ripe,

    /// <summary>Must be compared before it is used.</summary>
    Old,
}
