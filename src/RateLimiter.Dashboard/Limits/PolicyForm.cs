using RateLimiter.Application.Policies;
using RateLimiter.Dashboard.Forms;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Dashboard.Limits;

/// <summary>A policy in the editor.</summary>
public sealed class PolicyForm
{
    private static readonly PolicyFieldsValidator Validator = new();

    /// <summary>Compared byte for byte, so that it is not trimmed.</summary>
    public string Route { get; set; } = "";

    /// <summary>Empty is the default role.</summary>
    public string Role { get; set; } = "";

    public string Description { get; set; } = "";

    public bool IsActive { get; set; } = true;

    public PolicyMode Mode { get; set; }

    public StoreFailureMode? OnStoreFailure { get; set; }

    public ExpiryAction? OnExpiry { get; set; }

    public List<LimitForm> Limits { get; } = [new() { Permits = "100", WindowSeconds = "60" }];

    /// <summary>Whether the only limit has no name, or the default name of a single limit.</summary>
    public bool IsSingle => Limits is [{ Name: "" or Limit.DefaultName }];

    public static PolicyForm Of(PolicyDefinition definition)
    {
        var form = new PolicyForm
        {
            Route = definition.Key.RouteKey,
            Role = definition.Key.Role,
            Description = definition.Description ?? "",
            IsActive = definition.IsActive,
            Mode = definition.Mode,
            OnStoreFailure = definition.OnStoreFailure,
            OnExpiry = definition.OnExpiry,
        };
        form.Limits.Clear();
        form.Limits.AddRange(definition.Limits.Select(LimitForm.Of));
        return form;
    }

    /// <summary>The fields, and their errors in the words of the API.</summary>
    internal (PolicyFields Fields, ValidationErrors Errors) Read()
    {
        List<(string, string)> unreadable = [];
        var fields = new PolicyFields(
            Route,
            Role is "" ? null : Role,
            Description is "" ? null : Description,
            IsActive,
            Mode,
            OnStoreFailure,
            OnExpiry,
            [.. Limits.Select((limit, i) => limit.Read(FieldOf(i), unreadable))],
            IsSingle
        );
        return (fields, ValidationErrors.Of(Validator.Validate(fields), unreadable));
    }

    /// <summary>The error in a field of one of the limits, by the API's name of the field.</summary>
    internal static string? ErrorOf(ValidationErrors errors, int index, string field) =>
        errors[$"{FieldOf(index)}.{field}"];

    /// <summary>The limits as they were read; null when one of them is invalid, regardless of the other fields.</summary>
    internal static IReadOnlyList<Limit>? LimitsOf(PolicyFields fields, ValidationErrors errors) =>
        errors["limits"] is null
        && Enumerable
            .Range(0, fields.Limits.Count)
            .All(i => LimitForm.Fields.All(field => ErrorOf(errors, i, field) is null))
            ? fields.ToLimits()
            : null;

    private static string FieldOf(int index) => $"limits[{index}]";
}

/// <summary>A limit in the editor.</summary>
public sealed class LimitForm
{
    /// <summary>Identifies the limit while it has no name.</summary>
    public string Id { get; } = Guid.NewGuid().ToString("N")[..8];

    public string Name { get; set; } = "";

    public string Permits { get; set; } = "";

    public string WindowSeconds { get; set; } = "";

    public string Burst { get; set; } = "";

    public CalendarUnit Period { get; set; } = CalendarUnit.Month;

    public string TimeZone { get; set; } = TimeZones.Utc;

    public string Anchor { get; set; } = "";

    public Algorithm Algorithm { get; set; }

    /// <summary>The subjects whose counter it has, with commas between. Empty is one counter for all.</summary>
    public string Per { get; set; } = SubjectNames.User;

    public MissingSubjects WhenMissing { get; set; }

    internal static IReadOnlyList<string> Fields { get; } =
    ["limit", "window_seconds", "burst", "name", "per", "time_zone", "anchor"];

    public bool IsOfUsers => Per.Trim() == SubjectNames.User;

    public bool IsCalendar => Algorithm == Algorithm.Calendar;

    /// <summary>Whether it has a window of a fixed length.</summary>
    public bool HasWindow => Algorithm is not (Algorithm.Calendar or Algorithm.Concurrency);

    public bool IsBucket => Limit.IsBucket(Algorithm);

    public static LimitForm Of(Limit limit)
    {
        var fields = LimitFields.Of(limit);
        return new()
        {
            Name = limit.Name,
            Permits = WholeNumber.Write(limit.Permits),
            WindowSeconds = WholeNumber.Write(fields.WindowSeconds),
            Burst = WholeNumber.Write(fields.Burst),
            Algorithm = limit.Algorithm,
            Per = string.Join(", ", limit.Per),
            WhenMissing = limit.WhenMissing,
            Period = fields.Period ?? CalendarUnit.Month,
            TimeZone = fields.TimeZone ?? TimeZones.Utc,
            Anchor = fields.Anchor ?? "",
        };
    }

    internal LimitFields Read(string path, List<(string, string)> unreadable)
    {
        // Input from before another algorithm was chosen is no longer shown.
        return new LimitFields(
            Number("limit", Permits),
            HasWindow ? Number("window_seconds", WindowSeconds) : null,
            Algorithm,
            IsBucket ? Number("burst", Burst) : null,
            Name is "" ? null : Name,
            Per.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries),
            WhenMissing,
            IsCalendar ? Period : null,
            IsCalendar ? TimeZone : null,
            IsCalendar && Anchor is not "" ? Anchor : null
        );

        long? Number(string field, string text)
        {
            if (!WholeNumber.TryRead(text, out var number))
            {
                unreadable.Add(($"{path}.{field}", WholeNumber.Error));
            }

            return number;
        }
    }
}
