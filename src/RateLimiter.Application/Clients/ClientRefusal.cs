namespace RateLimiter.Application.Clients;

/// <summary>Why a client was rejected, in words.</summary>
public static class ClientRefusal
{
    /// <summary>The client or the caller's key was deleted during the request.</summary>
    public const string Deleted = "The client or its API key has just been deleted.";
}
