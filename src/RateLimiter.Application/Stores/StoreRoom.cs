namespace RateLimiter.Application.Stores;

/// <summary>
/// Whether the store has room. While it is full, what needs more room is refused; reads and what frees room go on.
/// </summary>
public sealed class StoreRoom
{
    private bool isFull;

    public bool IsFull => Volatile.Read(ref isFull);

    /// <summary>Called before what needs more room.</summary>
    /// <exception cref="StoreFullException">There is none.</exception>
    public void Ensure()
    {
        if (IsFull)
        {
            throw new StoreFullException();
        }
    }

    /// <summary>Called by the store.</summary>
    /// <returns>Whether it has changed.</returns>
    public bool Note(bool full) => Interlocked.Exchange(ref isFull, full) != full;
}
