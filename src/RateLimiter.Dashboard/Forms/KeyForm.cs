using FluentValidation;
using RateLimiter.Application.Keys;
using RateLimiter.Dashboard.Formatting;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Dashboard.Forms;

/// <summary>A new key in its dialog.</summary>
internal sealed class KeyForm
{
    private static readonly KeyFieldsValidator Validator = new();

    public string Name { get; set; } = "";

    public HashSet<string> Scopes { get; } = [];

    /// <summary>The lifetime in <see cref="Unit"/>; empty for an unlimited one.</summary>
    public string Lifetime { get; set; } = "";

    /// <summary>In seconds.</summary>
    public long Unit { get; set; } = Lifetimes.Day;

    /// <summary>The fields, and their errors in the words of the API.</summary>
    public (KeyFields Fields, ValidationErrors Errors) Read()
    {
        List<(string, string)> unreadable = [];
        if (!WholeNumber.TryRead(Lifetime, out var units))
        {
            unreadable.Add(("expires_in_seconds", WholeNumber.Error));
        }

        var fields = new KeyFields(
            Name,
            [.. ScopeRules.Names.Where(Scopes.Contains)],
            units is { } count ? Lifetimes.Seconds(count, Unit) : null
        );
        return (fields, ValidationErrors.Of(Validator.Validate(fields), unreadable));
    }
}

/// <summary>The fields of a new key as they were entered.</summary>
internal sealed record KeyFields(string Name, IReadOnlyList<string> Scopes, long? ExpiresInSeconds)
{
    /// <summary>The scopes of valid fields.</summary>
    public Scopes ToScopes() =>
        ScopeRules.TryParse(Scopes, out var scopes) ? scopes : Domain.Keys.Scopes.None;

    /// <summary>The lifetime of valid fields; null for an unlimited one.</summary>
    public TimeSpan? ToLifetime() =>
        ExpiresInSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
}

internal sealed class KeyFieldsValidator : AbstractValidator<KeyFields>
{
    public KeyFieldsValidator()
    {
        RuleFor(key => key.Name).IsKeyName();
        RuleFor(key => key.Scopes).AreScopes();
        RuleFor(key => key.ExpiresInSeconds).IsLifetime();
    }
}
