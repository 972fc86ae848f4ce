using FluentValidation;
using RateLimiter.Api.Dashboard.Forms;
using RateLimiter.Api.Policies;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Api.Dashboard.Limits;

/// <summary>A policy in the editor.</summary>
public sealed class PolicyForm
{
    /// <summary>Compared byte for byte, so that it is not trimmed.</summary>
    public string Route { get; set; } = "";

    /// <summary>Empty is the default role.</summary>
    public string Role { get; set; } = "";

    public string Description { get; set; } = "";

    public bool IsActive { get; set; } = true;

    public PolicyMode Mode { get; set; }

    public StoreFailureMode? OnStoreFailure { get; set; }

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
        };
        form.Limits.Clear();
        form.Limits.AddRange(definition.Limits.Select(LimitForm.Of));
        return form;
    }

    /// <summary>The error in a field of one of the limits, by the API's name of the field.</summary>
    public string? ErrorOf(ValidationErrors errors, int index, string field) =>
        errors[$"limits[{index}].{field}"] ?? (IsSingle ? errors[field] : null);

    /// <summary>The limits of a request; null when one of them is invalid, regardless of the other fields.</summary>
    internal IReadOnlyList<Limit>? LimitsOf(SavePolicyRequest request, ValidationErrors errors) =>
        errors["limits"] is null
        && Enumerable
            .Range(0, Limits.Count)
            .All(i => LimitForm.Fields.All(field => ErrorOf(errors, i, field) is null))
            ? request.ToDefinition().Limits
            : null;

    /// <summary>The request to the API, and its validation errors.</summary>
    internal (SavePolicyRequest Request, ValidationErrors Errors) Read(
        IValidator<SavePolicyRequest> validator
    )
    {
        List<(string, string)> errors = [];
        LimitRequest[] limits =
        [
            .. Limits.Select((limit, i) => limit.Read($"limits[{i}]", errors)),
        ];
        var request = new SavePolicyRequest
        {
            RouteKey = Route,
            Role = Role is "" ? null : Role,
            Description = Description is "" ? null : Description,
            IsActive = IsActive,
            Mode = Mode,
            OnStoreFailure = OnStoreFailure,
        };
        request = IsSingle
            ? request with
            {
                Fields = limits[0].ToFields(),
            }
            : request with
            {
                Limits = limits,
            };
        // Invalid numbers come first, as their range cannot be checked.
        errors.AddRange(
            validator
                .Validate(request)
                .Errors.Select(error => (error.PropertyName, error.ErrorMessage))
        );
        return (request, new ValidationErrors(errors));
    }
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

    public Algorithm Algorithm { get; set; }

    internal static IReadOnlyList<string> Fields { get; } =
    ["limit", "window_seconds", "burst", "name"];

    public bool IsBucket => Limit.IsBucket(Algorithm);

    public static LimitForm Of(Limit limit) =>
        new()
        {
            Name = limit.Name,
            Permits = WholeNumber.Write(limit.Permits),
            WindowSeconds = WholeNumber.Write((long)limit.Window.TotalSeconds),
            Burst = WholeNumber.Write((limit as BucketLimit)?.Burst),
            Algorithm = limit.Algorithm,
        };

    internal LimitRequest Read(string path, List<(string, string)> errors)
    {
        return new LimitRequest
        {
            Name = Name is "" ? null : Name,
            Limit = Number("limit", Permits),
            WindowSeconds = Number("window_seconds", WindowSeconds),
            Algorithm = Algorithm,
            // Input from before another algorithm was chosen is no longer shown.
            Burst = IsBucket ? Number("burst", Burst) : null,
        };

        long? Number(string field, string text)
        {
            if (!WholeNumber.TryRead(text, out var number))
            {
                errors.Add(($"{path}.{field}", WholeNumber.Error));
            }

            return number;
        }
    }
}
