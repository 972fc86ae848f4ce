using System.Security.Cryptography;

namespace RateLimiter.Domain.Keys;

/// <summary>The stored data of an API key, without the key itself.</summary>
/// <param name="Id">Its public id: <see cref="IdLength"/> letters and digits.</param>
/// <param name="Hash">The hash by which the key is recognised.</param>
/// <param name="Prefix">The beginning of the key's text.</param>
/// <param name="Name">The name that its owner gave, 1 to 100 characters; need not be unique.</param>
/// <param name="Scopes">What the key may be used for.</param>
/// <param name="CreatedAt">When the key was created, UTC.</param>
/// <param name="Lifetime">Its lifetime at creation; null for no expiry. A key that replaces it gets the same lifetime.</param>
/// <param name="ExpiresAt">The time from which the key is invalid, UTC; null for never.</param>
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

    /// <summary>The name of the key that <c>/register</c> returns.</summary>
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

    /// <summary>Whether another key has replaced it, so that it is valid only until its grace period ends.</summary>
    public bool IsReplaced => ExpiresAt != CreatedAt + Lifetime;

    public bool IsValidAt(DateTimeOffset moment) => ExpiresAt is null || moment < ExpiresAt;
}
