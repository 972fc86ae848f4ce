using NJsonSchema;
using NSwag;
using NSwag.Generation.Processors;
using NSwag.Generation.Processors.Contexts;
using RateLimiter.Api.Checks;
using RateLimiter.Application.Checks;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Api.Gateway;

/// <summary>
/// Documents that gateways send the fields of a check as headers, which <see cref="GatewayRequest"/> reads, and that a
/// decision is also returned in headers, whatever the status.
/// </summary>
internal sealed class GatewayHeaders : IOperationProcessor
{
    public bool Process(OperationProcessorContext context)
    {
        Take(
            GatewayRequest.UserHeader,
            Text(Names.MaxUserLength),
            "The user, 1 to 256 characters; the caller's address, or its /64 of IPv6, when omitted."
        );
        Take(
            GatewayRequest.RouteHeader,
            Text(Names.MaxRouteLength),
            "The route that the user calls, 1 to 128 characters; derived from the forwarded method and path when omitted."
        );
        Take(
            GatewayRequest.RoleHeader,
            Text(Names.MaxRoleLength),
            "The user's role, 1 to 128 characters; the default role when omitted."
        );
        Take(
            GatewayRequest.CostHeader,
            new JsonSchema
            {
                Type = JsonObjectType.Integer,
                Minimum = 0,
                Maximum = Limit.MaxPermits,
                Default = CheckRules.DefaultCost,
            },
            "The number of permits, 0 to 1,000,000,000."
        );
        Take(
            GatewayRequest.SubjectHeader("org"),
            Text(SubjectValues.MaxValueLength),
            "The subject org, 1 to 256 characters. Any subject that a limit of the policy has is such a header, in whose name _ is -; others are ignored, and an empty one is missing."
        );
        foreach (var header in GatewayRequest.MethodHeaders)
        {
            Take(header, Text(), "The method of the forwarded request.");
        }

        foreach (var header in GatewayRequest.PathHeaders)
        {
            Take(header, Text(), "The path of the forwarded request, or its whole URI.");
        }

        var operation = context.OperationDescription.Operation;
        var canChooseStatus = operation.Parameters.Any(it => it.Name == "deny_status");
        foreach (var (status, answer) in operation.Responses)
        {
            var isDenial = status == "429" || (status == "403" && canChooseStatus);
            if (isDenial || status is "200" or "204")
            {
                DecisionHeaders.AddTo(answer);
            }

            if (isDenial)
            {
                DecisionHeaders.AddWaitTo(answer);
            }
        }

        return true;

        void Take(string header, JsonSchema schema, string description) =>
            context.OperationDescription.Operation.Parameters.Add(
                new OpenApiParameter
                {
                    Kind = OpenApiParameterKind.Header,
                    Name = header,
                    Description = description,
                    Schema = schema,
                }
            );
    }

    private static JsonSchema Text(int? maxLength = null) =>
        new() { Type = JsonObjectType.String, MaxLength = maxLength };
}
