using System.Globalization;
using RateLimiter.Application.Overrides;
using RateLimiter.Domain.Overrides;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Dashboard.Forms;

/// <summary>An override in its dialog.</summary>
internal sealed class OverrideForm
{
    private const string TimeFormat = "yyyy-MM-dd HH:mm";

    private static readonly string[] TimeFormats =
    [
        TimeFormat,
        "yyyy-MM-dd",
        "yyyy-MM-ddTHH:mm:ssZ",
    ];
    private static readonly OverrideFieldsValidator Validator = new();

    public string Subject { get; set; } = SubjectNames.User;

    public string Match { get; set; } = "";

    /// <summary>Null to see it by the form of the match.</summary>
    public OverrideMatchType? MatchType { get; set; }

    public string RouteKey { get; set; } = "";

    public string Role { get; set; } = "";

    public OverrideEffect Effect { get; set; } = OverrideEffect.Blocked;

    /// <summary>A limit in each line, such as <c>daily = 5000</c>.</summary>
    public string Limits { get; set; } = "";

    /// <summary>A date, or date and time, in UTC; empty for never.</summary>
    public string Ends { get; set; } = "";

    public string Reason { get; set; } = "";

    public static OverrideForm Of(OverrideDefinition it) =>
        new()
        {
            Subject = it.Subject,
            Match = it.Match,
            MatchType = it.MatchType,
            RouteKey = it.RouteKey ?? "",
            Role = it.Role ?? "",
            Effect = it.Effect,
            Limits = string.Join(
                '\n',
                (it.Limits ?? new Dictionary<string, long>()).Select(limit =>
                    string.Create(CultureInfo.InvariantCulture, $"{limit.Key} = {limit.Value}")
                )
            ),
            Ends = it.ExpiresAt?.ToString(TimeFormat, CultureInfo.InvariantCulture) ?? "",
            Reason = it.Reason ?? "",
        };

    /// <summary>The fields, and their errors in the words of the API.</summary>
    public (OverrideFields Fields, ValidationErrors Errors) Read()
    {
        List<(string, string)> unreadable = [];
        DateTimeOffset? ends = null;
        if (!string.IsNullOrWhiteSpace(Ends))
        {
            if (
                DateTimeOffset.TryParseExact(
                    Ends.Trim(),
                    TimeFormats,
                    CultureInfo.InvariantCulture,
                    DateTimeStyles.AssumeUniversal,
                    out var time
                )
            )
            {
                ends = time;
            }
            else
            {
                unreadable.Add(("expires_at", "must be a time such as 2026-02-03 04:05"));
            }
        }

        Dictionary<string, long>? limits = null;
        if (Effect == OverrideEffect.Limits)
        {
            limits = [];
            foreach (var line in Limits.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                var sign = line.LastIndexOf('=');
                if (
                    sign < 0
                    || !WholeNumber.TryRead(line[(sign + 1)..], out var permits)
                    || permits is null
                    || !limits.TryAdd(line[..sign].Trim(), permits.Value)
                )
                {
                    unreadable.Add(
                        ("limits", "must be lines such as daily = 5000, each with another name")
                    );
                    break;
                }
            }
        }

        var fields = new OverrideFields(
            Subject,
            Match,
            MatchType,
            RouteKey is "" ? null : RouteKey,
            Role is "" ? null : Role,
            Effect,
            limits,
            ends,
            Reason is "" ? null : Reason
        );
        var result = Validator.Validate(fields);
        // Each limit has its line in one field.
        return (
            fields,
            new ValidationErrors(
                unreadable.Concat(
                    result.Errors.Select(error =>
                        (error.PropertyName.Split('.')[0], error.ErrorMessage)
                    )
                )
            )
        );
    }
}
