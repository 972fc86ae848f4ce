namespace RateLimiter.Infrastructure.Redis.Reservations;

/// <summary>The open reservations of one client, as one instance knows them. Safe for use by many threads.</summary>
/// <param name="quota">The most that may be open.</param>
internal sealed class ClientReservations(long quota)
{
    /// <summary>The most changes of one call: about a millisecond's work of the store.</summary>
    private const int MaxChanges = 1000;

    /// <summary>
    /// The part of the quota that an instance uses without asking the store: ten instances stay within 10 % of the quota.
    /// </summary>
    private const int Slack = 100;

    private readonly Lock gate = new();
    private readonly Dictionary<string, long> opened = [];
    private readonly HashSet<string> settled = [];
    private ReservationChanges sent = ReservationChanges.None;
    private long counted;
    private int pending;

    /// <summary>How many the store has, as of the last call.</summary>
    public long Counted => Interlocked.Read(ref counted);

    /// <summary>Whether the store does not know everything.</summary>
    public bool HasChanges
    {
        get
        {
            lock (gate)
            {
                return opened.Count + settled.Count > 0;
            }
        }
    }

    /// <summary>Makes room for a reservation, until <see cref="Leave"/>.</summary>
    /// <param name="isAsked">Whether the store was asked just now; otherwise only what is certainly within the quota passes.</param>
    public bool TryEnter(bool isAsked)
    {
        lock (gate)
        {
            var unknown = pending + opened.Count + sent.Opened.Count;
            if (counted + unknown >= quota || (!isAsked && unknown >= quota / Slack))
            {
                return false;
            }

            pending++;
            return true;
        }
    }

    /// <summary>The reservation was made, or not.</summary>
    public void Leave()
    {
        lock (gate)
        {
            pending--;
        }
    }

    /// <summary>A reservation was made or extended.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="expires">When it expires, in microseconds since 1970.</param>
    public void Open(string id, long expires)
    {
        lock (gate)
        {
            opened[id] = expires;
            settled.Remove(id);
        }
    }

    /// <summary>A reservation was settled.</summary>
    public void Settle(string id)
    {
        lock (gate)
        {
            opened.Remove(id);
            // While the store does not answer: it expires there by itself.
            if (settled.Count < quota)
            {
                settled.Add(id);
            }
        }
    }

    /// <summary>Some of the changes that the store does not know yet, to be sent in one call.</summary>
    public ReservationChanges Take()
    {
        lock (gate)
        {
            sent = new ReservationChanges(
                [.. opened.Take(MaxChanges)],
                [.. settled.Take(MaxChanges)]
            );
            foreach (var (id, _) in sent.Opened)
            {
                opened.Remove(id);
            }

            settled.ExceptWith(sent.Settled);
            return sent;
        }
    }

    /// <summary>The store knows what was taken.</summary>
    /// <param name="open">How many are open.</param>
    public void Know(long open)
    {
        lock (gate)
        {
            sent = ReservationChanges.None;
            counted = open;
        }
    }

    /// <summary>The store may not know what was taken: it is sent again, unless it has changed meanwhile.</summary>
    /// <param name="now">The time in microseconds since 1970: what has expired is not sent.</param>
    public void PutBack(long now)
    {
        lock (gate)
        {
            foreach (var (id, expires) in sent.Opened)
            {
                if (expires > now && !settled.Contains(id))
                {
                    opened.TryAdd(id, expires);
                }
            }

            settled.UnionWith(sent.Settled.Where(id => !opened.ContainsKey(id)));
            sent = ReservationChanges.None;
        }
    }
}

/// <summary>Changes of the open reservations of a client.</summary>
/// <param name="Opened">Those that were made or extended, and when each expires, in microseconds since 1970.</param>
/// <param name="Settled">Those that were settled.</param>
internal sealed record ReservationChanges(
    IReadOnlyList<KeyValuePair<string, long>> Opened,
    IReadOnlyList<string> Settled
)
{
    public static readonly ReservationChanges None = new([], []);
}
