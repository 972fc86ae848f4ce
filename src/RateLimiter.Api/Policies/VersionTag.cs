using System.Globalization;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Api.Policies;

/// <summary>
/// The ETags of one kind of versioned resource, and the conditions of RFC 9110 that name them. The tags of one policy and of
/// the set of policies differ in form, so that neither is mistaken for the other.
/// </summary>
internal sealed class VersionTag
{
    private readonly string prefix;

    private VersionTag(string prefix) => this.prefix = prefix;

    /// <summary>The tags of one policy.</summary>
    public static VersionTag Policy { get; } = new("");

    /// <summary>The tags of all policies of a client.</summary>
    public static VersionTag Set { get; } = new("set-");

    /// <summary>The tag of a version, in quotes.</summary>
    public string Of(long version) =>
        string.Create(CultureInfo.InvariantCulture, $"\"{prefix}{version}\"");

    /// <summary>
    /// The condition that If-Match and If-None-Match put on a change. A tag of another kind, or a weak one, matches no
    /// version. Null when If-None-Match is not <c>*</c>: to change everything except some versions makes no sense.
    /// </summary>
    public VersionCondition? ReadCondition(IHeaderDictionary headers)
    {
        var (match, noneMatch) = (headers.IfMatch, headers.IfNoneMatch);
        if (noneMatch.Count > 0 && !IsAny(noneMatch))
        {
            return null;
        }

        return (match.Count > 0, noneMatch.Count > 0) switch
        {
            (false, false) => VersionCondition.None,
            (false, true) => new VersionCondition.Missing(),
            (true, false) when IsAny(match) => new VersionCondition.Exists(),
            (true, false) => new VersionCondition.OneOf([.. Versions(match)]),
            // A version cannot both exist and not exist.
            (true, true) => new VersionCondition.OneOf([]),
        };
    }

    /// <summary>
    /// Sets the ETag of the response, and returns whether the caller has that version already, according to If-None-Match.
    /// </summary>
    public static bool IsCurrent(HttpContext context, string tag)
    {
        var headers = context.Response.Headers;
        headers.ETag = tag;
        // Other clients have the same tags: a shared cache must not serve one client's response to another.
        headers.CacheControl = "private, no-cache";
        var known = context.Request.Headers.IfNoneMatch;
        return IsAny(known)
            || EntityTagHeaderValue.TryParseList(known, out var tags)
                && tags.Any(other => other.Tag == tag);
    }

    private IEnumerable<long> Versions(StringValues match)
    {
        if (
            !EntityTagHeaderValue.TryParseStrictList(match, out var tags)
            || tags.Contains(EntityTagHeaderValue.Any)
        )
        {
            yield break;
        }

        foreach (var tag in tags.Where(tag => !tag.IsWeak && tag.Tag.Length > prefix.Length + 2))
        {
            var digits = tag.Tag.AsSpan()[(1 + prefix.Length)..^1];
            if (
                long.TryParse(
                    digits,
                    NumberStyles.None,
                    CultureInfo.InvariantCulture,
                    out var version
                )
                && tag.Tag == Of(version)
            )
            {
                yield return version;
            }
        }
    }

    private static bool IsAny(StringValues header) => header is [{ } only] && only.Trim() == "*";
}
