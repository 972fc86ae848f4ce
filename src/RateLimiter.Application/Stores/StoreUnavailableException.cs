namespace RateLimiter.Application.Stores;

/// <summary>
/// The store did not answer, or not in time, or not as expected. Whether a write took effect is unknown, so it must not be
/// retried blindly.
/// </summary>
public class StoreUnavailableException : Exception
{
    public StoreUnavailableException(string message)
        : base(message) { }

    public StoreUnavailableException(string message, Exception? innerException)
        : base(message, innerException) { }
}
