using Microsoft.Extensions.Options;
using RateLimiter.Application.Configuration;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Registration;

/// <summary>
/// <see href="docs/production.md#closing-registration">Who may register</see>, and how often one caller may.
/// </summary>
public sealed class RegistrationOptions
{
    public const string Section = "Registration";

    /// <summary>Calls of <c>POST /register</c> per window and caller's address.</summary>
    [Bounds(0, Limit.MaxPermits)]
    public long PermitLimit { get; set; } = 5;

    /// <summary>The window of <see cref="PermitLimit"/>, in seconds.</summary>
    [Bounds(1, Limit.MaxWindowSeconds)]
    public int WindowSeconds { get; set; } = 60;

    /// <summary>
    /// Who may register: everyone (<see cref="RegistrationMode.Open"/>), callers that send the token
    /// (<see cref="RegistrationMode.Token"/>), or no one (<see cref="RegistrationMode.Closed"/>).
    /// </summary>
    public RegistrationMode Mode { get; set; }

    /// <summary>
    /// The token that callers must send in <c>X-Registration-Token</c> where the mode is
    /// <see cref="RegistrationMode.Token"/>, 16 or more ASCII characters without spaces. A secret.
    /// </summary>
    public string? Token { get; set; }
}

/// <summary>Who may register.</summary>
public enum RegistrationMode
{
    /// <summary>Everyone.</summary>
    Open,

    /// <summary>Callers that send the token.</summary>
    Token,

    /// <summary>No one.</summary>
    Closed,
}

internal sealed class RegistrationOptionsValidator : IValidateOptions<RegistrationOptions>
{
    public ValidateOptionsResult Validate(string? name, RegistrationOptions options)
    {
        var errors = Errors(options).ToList();
        return errors.Count == 0
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(errors);
    }

    // No message shows the token.
    private static IEnumerable<string> Errors(RegistrationOptions options)
    {
        if (!Enum.IsDefined(options.Mode))
        {
            yield return "Registration:Mode must be open, token or closed.";
        }

        if (string.IsNullOrEmpty(options.Token))
        {
            if (options.Mode == RegistrationMode.Token)
            {
                yield return "Registration:Token is missing, and Registration:Mode is token.";
            }
        }
        else if (options.Mode == RegistrationMode.Open)
        {
            // An operator who sets a token does not intend open registration.
            yield return "Registration:Token is set, but Registration:Mode is open: it must be token or closed.";
        }
        else if (!ConfiguredToken.IsOne(options.Token))
        {
            yield return $"Registration:Token {ConfiguredToken.Rule}.";
        }
    }
}
