namespace RateLimiter.Application.Stores;

/// <summary>
/// The store did not answer, or not in time, or not with what was expected. Whether a write counted is unknown, so
/// that it must not be tried again blindly.
/// </summary>
public class StoreUnavailableException : Exception
{
    public StoreUnavailableException(string message)
        : base(message) { }

    public StoreUnavailableException(string message, Exception? innerException)
        : base(message, innerException) { }
}
