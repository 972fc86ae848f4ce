namespace RateLimiter.Application.Clients;

/// <summary>How often one caller may register.</summary>
public sealed class RegistrationOptions
{
    public const string Section = "Registration";

    /// <summary>Registrations per window and caller network; 0 to 1,000,000,000, default 5.</summary>
    public long PermitLimit { get; set; } = 5;

    /// <summary>The window in seconds; 1 to 31,536,000, default 60.</summary>
    public int WindowSeconds { get; set; } = 60;
}
