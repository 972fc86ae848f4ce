using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Clients;

/// <summary>How often one caller may register.</summary>
public sealed class RegistrationOptions
{
    public const string Section = "Registration";

    /// <summary>Registrations per window and caller network; 0 to 1,000,000,000, default 5.</summary>
    [Range(0, Limit.MaxPermits, ErrorMessage = "Registration:PermitLimit must be from {1} to {2}.")]
    public long PermitLimit { get; set; } = 5;

    /// <summary>The window in seconds; 1 to 31,536,000, default 60.</summary>
    [Range(
        1,
        Limit.MaxWindowSeconds,
        ErrorMessage = "Registration:WindowSeconds must be from {1} to {2}."
    )]
    public int WindowSeconds { get; set; } = 60;
}

[OptionsValidator]
public sealed partial class RegistrationOptionsValidator : IValidateOptions<RegistrationOptions>;
