using NJsonSchema;
using NSwag;
using NSwag.Generation.Processors;
using NSwag.Generation.Processors.Contexts;
using RateLimiter.Application.Checks;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Api.Checks;

/// <summary>
/// The subjects beside the user in a query: <c>subject.org=acme</c>. Their names are the caller's, so that they are no parameters
/// of an action, which documents them with this.
/// </summary>
/// <param name="meaning">What the parameters say to the operation.</param>
internal sealed class SubjectQuery(string meaning) : IOperationProcessor
{
    /// <summary>The beginning of the name of each of these parameters.</summary>
    public const string Prefix = "subject.";

    /// <summary>What they say to an operation on counters.</summary>
    public const string OfCounters = "The subjects beside the user.";

    /// <summary>What they say to an operation on a log.</summary>
    public const string Filter = "Only decisions about all of these subjects.";

    /// <summary>Reads them.</summary>
    /// <returns>The subjects, or the errors by parameter; null where there are none.</returns>
    public static (SubjectValues? Subjects, Dictionary<string, string[]>? Errors) Read(
        IQueryCollection query
    )
    {
        var subjects = SubjectValues.Of(
            query
                .Where(pair => pair.Key.StartsWith(Prefix, StringComparison.Ordinal))
                .Select(pair => KeyValuePair.Create(pair.Key[Prefix.Length..], $"{pair.Value}"))
        );
        Dictionary<string, string[]>? errors = null;
        SubjectRules.Validate(
            subjects,
            Field,
            (field, problem) => (errors ??= []).Add(field, [problem])
        );
        return (subjects, errors);
    }

    /// <summary>The parameter of a subject.</summary>
    public static string Field(string name) => Prefix + name;

    public bool Process(OperationProcessorContext context)
    {
        var parameters = context.OperationDescription.Operation.Parameters;
        parameters.Add(
            new OpenApiParameter
            {
                Kind = OpenApiParameterKind.Query,
                Name = "subjects",
                Description =
                    $"{meaning} Each is a parameter whose name begins with \"subject.\", such as subject.org=acme.",
                Style = OpenApiParameterStyle.Form,
                Explode = true,
                Position = parameters.Count + 1,
                Schema = new JsonSchema
                {
                    Type = JsonObjectType.Object,
                    AdditionalPropertiesSchema = new JsonSchema { Type = JsonObjectType.String },
                },
            }
        );
        return true;
    }
}
