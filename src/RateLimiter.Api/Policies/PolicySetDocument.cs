using System.Collections.ObjectModel;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using RateLimiter.Api.Http.Json;
using RateLimiter.Api.Http.Yaml;
using RateLimiter.Api.Overrides;
using RateLimiter.Application.Policies;
using RateLimiter.Application.Validation;
using RateLimiter.Domain.Overrides;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Api.Policies;

/// <summary>All policies of a client, to be kept as a file.</summary>
/// <param name="Policies">At most 100,000, and at most one for each route and role.</param>
/// <param name="Overrides">
/// At most 100,000, the older first; when omitted, an import leaves the client's overrides as they are.
/// </param>
public sealed record PolicySetDocument(
    PolicyRequestList? Policies,
    OverrideRequestList? Overrides = null
)
{
    /// <summary>
    /// The maximum number of reported errors: a document with an error in each policy has many of the same.
    /// </summary>
    private const int MaxErrors = 100;

    private static readonly JsonSerializerOptions Json = CreateOptions();
    private static readonly SavePolicyRequestValidator Validator = new();
    private static readonly OverrideRequestValidator OverrideValidator = new();

    internal static PolicySetDocument Of(PolicyList list) =>
        new(
            [.. list.Policies.Select(policy => SavePolicyRequest.Of(policy.Definition))],
            list.Overrides is []
                ? null
                : [.. list.Overrides.Select(it => OverrideRequest.Of(it.Definition))]
        );

    internal IReadOnlyList<PolicyDefinition> ToDefinitions() =>
        [.. Policies!.Select(policy => policy!.ToDefinition())];

    internal IReadOnlyList<OverrideDefinition>? ToOverrides() =>
        Overrides?.Select(it => it!.ToDefinition()).ToList();

    internal byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, Json);

    internal byte[] ToYaml() => YamlWriter.Write(JsonSerializer.SerializeToElement(this, Json));

    /// <summary>The errors by field; null when there are none.</summary>
    internal Dictionary<string, string[]>? Validate()
    {
        if (Policies is null)
        {
            return new() { ["policies"] = [FieldRules.Required] };
        }

        var errors = Errors()
            .Concat(OverrideErrors())
            .Take(MaxErrors)
            .GroupBy(error => error.Field, error => error.Message)
            .ToDictionary(field => field.Key, field => field.ToArray());
        return errors.Count > 0 ? errors : null;
    }

    private IEnumerable<(string Field, string Message)> Errors()
    {
        var known = new Dictionary<PolicyKey, int>();
        for (var i = 0; i < Policies!.Count; i++)
        {
            if (Policies[i] is not { } policy)
            {
                yield return ($"policies[{i}]", "must be an object");
                continue;
            }

            foreach (var error in Validator.Validate(policy).Errors)
            {
                yield return ($"policies[{i}].{error.PropertyName}", error.ErrorMessage);
            }

            if (
                policy.RouteKey is { } route
                && PolicyKey.Create(route, policy.Role) is var key
                && !known.TryAdd(key, i)
            )
            {
                yield return ($"policies[{i}]", PolicyRules.SameKeyAs($"policies[{known[key]}]"));
            }
        }
    }

    private IEnumerable<(string Field, string Message)> OverrideErrors() =>
        (Overrides ?? []).SelectMany(
            (it, i) =>
                it is null
                    ? [($"overrides[{i}]", "must be an object")]
                    : OverrideValidator
                        .Validate(it)
                        .Errors.Select(error =>
                            ($"overrides[{i}].{error.PropertyName}", error.ErrorMessage)
                        )
        );

    // For people to read and compare: one line per field, no line for an absent one, and characters unescaped.
    private static JsonSerializerOptions CreateOptions()
    {
        var options = new JsonSerializerOptions
        {
            WriteIndented = true,
            NewLine = "\n",
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        };
        ApiJson.Configure(options);
        return options;
    }
}

/// <summary>The policies of a document.</summary>
public sealed class PolicyRequestList : DocumentList<SavePolicyRequest>;

/// <summary>The overrides of a document.</summary>
public sealed class OverrideRequestList : DocumentList<OverrideRequest>;

/// <summary>A list in a document; reading stops with an error at the maximum number.</summary>
public abstract class DocumentList<T> : Collection<T?>
    where T : class
{
    protected override void InsertItem(int index, T? item)
    {
        // Before it takes up memory: three bytes of JSON become an object of more than a hundred.
        if (Count == PolicyRules.MaxDocumentPolicies)
        {
            throw new JsonContentException(PolicyRules.BeyondDocument);
        }

        base.InsertItem(index, item);
    }
}
