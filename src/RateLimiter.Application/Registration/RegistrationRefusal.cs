namespace RateLimiter.Application.Registration;

/// <summary>Why a client was not registered, in words.</summary>
public static class RegistrationRefusal
{
    /// <summary>For <see cref="RegistrationClosed"/>.</summary>
    public const string Closed = "Registration is closed.";

    /// <summary>For <see cref="TooManyRegistrations"/>.</summary>
    public const string TooMany = "Too many registrations from this address.";
}
