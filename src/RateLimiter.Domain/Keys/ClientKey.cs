using System.Security.Cryptography;

namespace RateLimiter.Domain.Keys;

/// <summary>All that is known of an API key, which is not the key.</summary>
/// <param name="Id">Its public name: <see cref="IdLength"/> letters and digits.</param>
/// <param name="Hash">What it is recognised by.</param>
/// <param name="Prefix">The beginning of its text.</param>
/// <param name="Name">The name its owner gave, 1 to 100 characters; need not be unique.</param>
/// <param name="Scopes">What it is good for.</param>
/// <param name="CreatedAt">When it was made, UTC.</param>
/// <param name="Lifetime">For how long it was made; null for ever. The one that replaces it gets as much.</param>
/// <param name="ExpiresAt">From when on it is not valid any more, UTC; null for never.</param>
public sealed record ClientKey(
    string Id,
    KeyHash Hash,
    string Prefix,
    string Name,
    Scopes Scopes,
    DateTimeOffset CreatedAt,
    TimeSpan? Lifetime,
    DateTimeOffset? ExpiresAt
)
{
    public const int IdLength = 12;

    /// <summary>The name of the key that <c>/register</c> gives.</summary>
    public const string FirstName = "registration";

    public static ClientKey Create(
        ApiKey key,
        string name,
        Scopes scopes,
        DateTimeOffset now,
        TimeSpan? lifetime = null
    ) =>
        new(
            RandomNumberGenerator.GetString(ClientId.Alphabet, IdLength),
            key.Hash,
            key.Start,
            name,
            scopes,
            now,
            lifetime,
            now + lifetime
        );

    /// <summary>Whether another key has taken its place, and it is only valid until its grace is over.</summary>
    public bool IsReplaced => ExpiresAt != CreatedAt + Lifetime;

    public bool IsValidAt(DateTimeOffset moment) => ExpiresAt is null || moment < ExpiresAt;
}
