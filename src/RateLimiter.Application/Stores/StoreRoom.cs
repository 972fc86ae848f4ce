namespace RateLimiter.Application.Stores;

/// <summary>
/// Whether the store has room. While it is full, writes that need more room are rejected; reads and deletions continue.
/// </summary>
public sealed class StoreRoom
{
    private bool isFull;

    public bool IsFull => Volatile.Read(ref isFull);

    /// <summary>Called before a write that needs more room.</summary>
    /// <exception cref="StoreFullException">There is no room.</exception>
    public void Ensure()
    {
        if (IsFull)
        {
            throw new StoreFullException();
        }
    }

    /// <summary>Records the state; called by the store.</summary>
    /// <returns>Whether the state has changed.</returns>
    public bool Note(bool full) => Interlocked.Exchange(ref isFull, full) != full;
}
