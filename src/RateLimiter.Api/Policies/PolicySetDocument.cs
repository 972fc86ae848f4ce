using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using FluentValidation;
using RateLimiter.Api.Json;
using RateLimiter.Api.Yaml;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Api.Policies;

/// <summary>All policies of a client, to be kept as a file.</summary>
/// <param name="Policies">The policies, at most one for each route and role.</param>
public sealed record PolicySetDocument(IReadOnlyList<SavePolicyRequest?>? Policies)
{
    private static readonly JsonSerializerOptions Json = CreateOptions();

    internal static PolicySetDocument Of(IEnumerable<Policy> policies) =>
        new([.. policies.Select(policy => SavePolicyRequest.Of(policy.Definition))]);

    internal IReadOnlyList<PolicyDefinition> ToDefinitions() =>
        [.. Policies!.Select(policy => policy!.ToDefinition())];

    internal byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, Json);

    internal byte[] ToYaml() => YamlText.Write(JsonSerializer.SerializeToElement(this, Json));

    // For people to read and compare: a line for each field, none for what is not there, and letters as they are.
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

internal sealed class PolicySetDocumentValidator : AbstractValidator<PolicySetDocument>
{
    public PolicySetDocumentValidator()
    {
        RuleFor(document => document.Policies)
            .Follows(policies => policies is null ? "is required" : null);
        RuleForEach(document => document.Policies)
            .Follows(policy => policy is null ? "must be an object" : null)
            .SetValidator(new SavePolicyRequestValidator()!);
        RuleFor(document => document.Policies)
            .Custom(
                (policies, context) =>
                {
                    var seen = new Dictionary<PolicyKey, int>();
                    for (var i = 0; i < policies?.Count; i++)
                    {
                        if (policies[i] is not { RouteKey: { } route } policy)
                        {
                            continue;
                        }

                        var key = PolicyKey.Create(route, policy.Role);
                        if (!seen.TryAdd(key, i))
                        {
                            context.AddFailure(
                                $"{context.PropertyPath}[{i}]",
                                $"is for the same route and role as policies[{seen[key]}]"
                            );
                        }
                    }
                }
            );
    }
}
